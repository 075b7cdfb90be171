/** A child process that cannot outlive this one, whatever ends it: a return, Ctrl-C or kill -9. */

/**
 * Run by sh(1): starts a program and waits. When standard input ends, because it was closed or because its writer died,
 * the program is killed. Then a script is run, and a folder removed, if they were given.
 */
const GUARD = `
log=$1 folder=$2 afterwards=$3
shift 3
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
child=$!
( read -r _ <&3; kill -KILL "$child" ) 2>/dev/null &
watcher=$!
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
[ -z "$afterwards" ] || eval "$afterwards" >>"$log" 2>&1
[ -z "$folder" ] || rm -rf "$folder"
exit "$code"
`;

/** A running program. Disposing of it kills it and waits for its end. */
export interface GuardedProcess extends AsyncDisposable {
  /** Settles when the program has ended, for whatever reason, with its exit code. */
  readonly ended: Promise<number>;
}

/**
 * Starts `command`. It gets a session of its own, so that Ctrl-C reaches it only through its guard, after the tests.
 *
 * @param log file that its output is appended to
 * @param removeAfter folder to remove when it has ended
 * @param afterwards what sh(1) is to do before that
 */
export function startGuarded(
  command: readonly string[],
  log: string,
  removeAfter = "",
  afterwards = "",
): GuardedProcess {
  const child = new Deno.Command("setsid", {
    args: ["sh", "-c", GUARD, "guard", log, removeAfter, afterwards, ...command],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ended = child.status.then(({ code }) => code);
  return {
    ended,
    async [Symbol.asyncDispose]() {
      await child.stdin.close().catch(() => {}); // it has ended by itself
      await ended;
    },
  };
}
