import { assertEquals, assertThrows } from "@std/assert";
import { readArguments } from "./run.ts";

Deno.test("readArguments() takes options before -- and leaves the command as it is", () => {
  assertEquals(
    readArguments(["--memory=4G", "--forward", "6443", "--forward=80", "--", "ip", "--json", "--", "link"]),
    {
      options: {
        memory: "4G",
        cpus: 2,
        forward: [{ guestPort: 6443, hostPort: 6443 }, { guestPort: 80, hostPort: 80 }],
      },
      command: ["ip", "--json", "--", "link"],
    },
  );
});

Deno.test("readArguments() refuses what it does not know, with the usage", () => {
  const wrong = [[], ["ls"], ["--"], ["--cpu=1", "--", "ls"], ["--cpus=two", "--", "ls"], ["strange", "--", "ls"]];
  for (const args of wrong) assertThrows(() => readArguments(args), Error, "usage: run.ts");
});

Deno.test("run.ts streams what the command prints and ends with its exit code", async () => {
  const args = [
    "run",
    "-A",
    new URL("run.ts", import.meta.url).pathname,
    "--",
    "sh",
    "-c",
    "uname -v; echo bad >&2; exit 9",
  ];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr), text.decode(stdout).includes("Debian")], [9, "bad\n", true]);
});
