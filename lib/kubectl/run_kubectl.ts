/** `kubectl danm`: from a command line to what is printed, and an exit code. */

import { stringify } from "@std/yaml";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import { API_GROUPS, DEFAULT_API_GROUP } from "../api/resource.ts";
import { booleanFlag, choiceFlag, type FlagTable, type FlagValues, textFlag } from "../controller/flag.ts";
import { flagName, parseFlags, UsageError } from "../controller/parse_flags.ts";
import { reportData, reportText } from "../view/report.ts";
import { type Answer, type Command, EXIT } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { completionScript } from "./completion.ts";
import { IMPORT_SUMMARY, runImport } from "./import_command.ts";
import { openPersonalClient } from "./personal_client.ts";
import { splitWords } from "./split_words.ts";

const NAME = "kubectl danm";
const OUTPUTS = ["text", "wide", "json", "yaml"];

const FLAGS = {
  namespace: textFlag("NAME", "look into this namespace (-n)", undefined),
  allNamespaces: booleanFlag("look into all namespaces (-A)", false),
  output: textFlag("FORMAT", `${OUTPUTS.join(", ")}; of map also dot and svg (-o)`, "text"),
  kubeconfig: textFlag("FILE", "the kubeconfig; without it as kubectl finds it", undefined),
  context: textFlag("NAME", "the context of it; without it the current one", undefined),
  as: textFlag("USER", "whom to act as", undefined),
  apiGroup: choiceFlag(API_GROUPS, "API group of DANM's objects", DEFAULT_API_GROUP),
} satisfies FlagTable;

/** How long everything may take, in milliseconds. */
const DEADLINE_MS = 60_000;

/** Where output goes. */
export interface Streams {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Runs the command line. Resolves to the exit code: see {@linkcode EXIT}. */
export async function runKubectl(args: readonly string[], { print, complain }: Streams): Promise<number> {
  const [first, ...others] = args;
  if (first === "import-original") return await runImport(others, print, complain);
  try {
    const { words, flags } = splitWords(FLAGS, args);
    const values = parseFlags(FLAGS, flags);
    if (values === "version") return print(`kubectl-danm ${PRODUCT_VERSION}`), EXIT.fine;
    const [name, ...rest] = words;
    if (values === "help" || name === undefined || name === "help") {
      print(helpText());
      return EXIT.fine;
    }
    if (name === "completion") return print(completionScript([...Object.keys(COMMANDS), "import-original"])), EXIT.fine;
    const command = COMMANDS[name];
    if (command === undefined) {
      throw new UsageError(`Cannot run ${name}: must be one of ${Object.keys(COMMANDS).join(", ")}, import-original`);
    }
    return tell(await runCommand(name, command, rest, values), values.output, { print, complain });
  } catch (error) {
    const hint = error instanceof UsageError ? `. See ${NAME} --help` : "";
    complain(`${NAME}: ${error instanceof Error ? error.message : error}${hint}`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

async function runCommand(
  name: string,
  command: Command,
  words: readonly string[],
  values: FlagValues<typeof FLAGS>,
): Promise<Answer> {
  const [argument = "", ...more] = words;
  if (words.length !== (command.argument ? 1 : 0)) {
    const usage = [NAME, name, ...(command.argument ? [command.argument] : [])].join(" ");
    throw new UsageError(`Cannot use ${more[0] ?? (argument || "no argument")}: must be ${usage}`);
  }
  const { output, allNamespaces, apiGroup: group } = values;
  const outputs = [...OUTPUTS, ...command.outputs ?? []];
  if (!outputs.includes(output)) throw new UsageError(`Cannot use --output ${output}: must be ${outputs.join(", ")}`);
  const { kube, namespace: ownNamespace } = openPersonalClient(values);
  using _client = kube;
  const namespace = values.namespace ?? (allNamespaces || command.everywhere ? undefined : ownNamespace);
  const signal = AbortSignal.timeout(DEADLINE_MS);
  return await command.run({ kube, group, namespace, ownNamespace, signal, argument, output });
}

function tell(answer: Answer, output: string, { print, complain }: Streams): number {
  if ("text" in answer) print(answer.text.trimEnd());
  else if (output === "json") print(JSON.stringify(reportData(answer.report), undefined, 2));
  else if (output === "yaml") print(stringify(reportData(answer.report)).trimEnd());
  else print(reportText(answer.report, output === "wide").trimEnd());
  const notes = "text" in answer ? answer.notes : answer.report.notes;
  for (const note of notes) complain(`Note: ${note}`);
  return "exit" in answer ? answer.exit ?? EXIT.fine : EXIT.fine;
}

function helpText(): string {
  const commands = [
    ...Object.entries(COMMANDS).map(([name, { argument, help }]) => [argument ? `${name} ${argument}` : name, help]),
    ["import-original", `${IMPORT_SUMMARY}; this one writes, see its own --help`],
    ["completion", "a script that completes the commands in a shell"],
  ];
  const flags = [
    ...Object.entries(FLAGS).map((
      [key, flag],
    ) => [`${flagName(key)} ${"bare" in flag ? "" : flag.placeholder}`, flag.help]),
    ["--version", "the version"],
  ];
  const rows = (list: readonly (readonly string[])[]) => list.map(([usage, help]) => `  ${usage!.padEnd(32)} ${help}`);
  return [
    `${NAME}: what DANM does in a cluster, as far as your rights show it`,
    "",
    `Usage: ${NAME} COMMAND [ARGUMENT] [FLAG...]`,
    "",
    ...rows(commands),
    "",
    ...rows(flags),
    "",
    "Exit codes: 0 all is well, 1 check has found something, 2 the command line is wrong, 3 it could not be done",
  ].join("\n");
}
