/** Tries what its arguments name, as `WHAT:VALUE`, and prints a JSON list of those that Deno refused. */

const TRIALS = {
  env: (name) => Deno.env.get(name),
  ffi: (path) => Deno.dlopen(path, {}),
  listen: (port) => Deno.listen({ hostname: "127.0.0.1", port: Number(port) }).close(),
  read: (path) => Deno.readFileSync(path),
  run: (program) => new Deno.Command(program, { args: ["--version"] }).outputSync(),
  sys: (kind) => Deno[kind](),
  write(path) {
    Deno.writeTextFileSync(path, "");
    Deno.removeSync(path);
  },
};

const refused = Deno.args.filter((trial) => {
  const [, what, value] = /^(\w+):(.*)$/.exec(trial);
  try {
    TRIALS[what](value);
  } catch (error) {
    return error instanceof Deno.errors.NotCapable;
  }
  return false;
});
console.log(JSON.stringify(refused));
