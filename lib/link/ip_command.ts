/** What ip(8) is handed: words made from values that lib/net validated. */

/**
 * One command: the words that would follow `ip` on a command line. The first may be `-6`, which rules need: they do not
 * take the family from their address.
 */
export type IpCommand = readonly string[];

/** Commands that one run of `ip -batch` can take. */
export interface Batch {
  /** The place of the first of `commands` among all. */
  readonly first: number;
  readonly commands: readonly IpCommand[];
  /** The family, as an option of ip; empty when the commands do not say. */
  readonly family: "-6" | "";
  /** The lines for stdin. */
  readonly input: string;
}

/** What a word may be made of: nothing that `ip -batch` reads as a separator, a quote, a comment or a continuation. */
const WORD = /^[A-Za-z0-9_.:/@%+=,-]+$/;

/**
 * Splits `commands`, in order, where the family changes: `ip -batch` takes the option for all its commands or none.
 *
 * The words come from validated values already; checking them here too means that no mistake above can smuggle a
 * second command in.
 *
 * @throws {TypeError} for an empty command and for a word with a character that no operand of ip needs
 */
export function toBatches(commands: readonly IpCommand[]): Batch[] {
  const starts = commands.flatMap((command, index) =>
    index === 0 || familyOf(command) !== familyOf(commands[index - 1]!) ? [index] : []
  );
  return starts.map((first, index) => {
    const own = commands.slice(first, starts[index + 1]);
    return { first, commands: own, family: familyOf(commands[first]!), input: own.map(toLine).join("") };
  });
}

function familyOf(command: IpCommand): "-6" | "" {
  return command[0] === "-6" ? "-6" : "";
}

function toLine(command: IpCommand): string {
  const words = familyOf(command) === "" ? command : command.slice(1);
  const wrong = words.find((word) => !WORD.test(word));
  if (words.length === 0 || wrong !== undefined) {
    throw new TypeError(`Cannot run ip ${command.join(" ")}: ${JSON.stringify(wrong ?? "")} is no word for ip -batch`);
  }
  return words.join(" ") + "\n";
}
