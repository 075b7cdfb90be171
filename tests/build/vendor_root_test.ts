/** Fetching the vendor's runtime, from a curl(1) that serves files of this test. */

import { crc32 } from "node:zlib";
import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";

const SETUP = fromFileUrl(new URL("setup.sh", import.meta.url));

/** Stands for curl: the last word of its command line is the URL, whose file it takes from the folder of this script. */
const CURL = `#!/bin/sh
folder=$(dirname "$0") output=/dev/stdout
while [ $# -gt 1 ]; do [ "$1" != --output ] || output=$2; shift; done
cat "$folder/served/\${1##*/}" >"$output"
`;

/** A zip archive of one file. Source: PKWARE's APPNOTE.TXT, 4.3. */
function zipOf(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(name);

  const fields = (view: DataView, start: number) => {
    view.setUint16(start, 20, true);
    view.setUint32(start + 10, crc32(data), true);
    view.setUint32(start + 14, data.length, true);
    view.setUint32(start + 18, data.length, true);
    view.setUint16(start + 22, encoded.length, true);
  };
  const local = new DataView(new ArrayBuffer(30));
  local.setUint32(0, 0x504b0304);
  fields(local, 4);
  const central = new DataView(new ArrayBuffer(46));
  central.setUint32(0, 0x504b0102);
  central.setUint16(4, 20, true);
  fields(central, 6);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x504b0506);
  end.setUint16(8, 1, true);
  end.setUint16(10, 1, true);
  end.setUint32(12, 46 + encoded.length, true);
  end.setUint32(16, 30 + encoded.length + data.length, true);
  const parts = [local, encoded, data, central, encoded, end].map((part) => new Uint8Array(bufferOf(part)));
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function bufferOf(part: DataView | Uint8Array): ArrayBuffer {
  return new Uint8Array(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength).slice().buffer;
}

async function hexDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Runs setup.sh with a cache of its own; resolves to what it printed last, or complained about. */
async function fetchVendors(folder: string): Promise<string> {
  const command = new Deno.Command(SETUP, {
    args: ["vendor", "x86_64"],
    env: { DANM_CACHE: `${folder}/cache`, PATH: `${folder}:${Deno.execPath().replace(/\/deno$/, "")}:/usr/bin:/bin` },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  return new TextDecoder().decode(success ? stdout : stderr).trim().split("\n").at(-1)!;
}

Deno.test("setup.sh takes the vendor's runtime when it is the one that the vendor says", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/curl`, CURL, { mode: 0o755 });
    await Deno.mkdir(`${folder}/served`);
    assertMatch(await fetchVendors(folder), /^setup: it cannot be had from https:/);

    const program = await Deno.readFile("/bin/true");
    const name = "denort-x86_64-unknown-linux-gnu.zip";
    const archive = zipOf("denort", program);
    await Deno.writeFile(`${folder}/served/${name}`, archive);
    await Deno.writeTextFile(`${folder}/served/${name}.sha256sum`, `${"0".repeat(64)}  ${name}\n`);
    assertMatch(await fetchVendors(folder), /^setup: it cannot be had from https:/);

    await Deno.writeTextFile(`${folder}/served/${name}.sha256sum`, `${await hexDigest(archive)}  ${name}\n`);
    const path = await fetchVendors(folder);
    assertEquals(path, `${folder}/cache/denort-${Deno.version.deno}-vendor-x86_64/denort`);
    assertEquals((await Deno.readTextFile(`${path}.sha256`)).trim(), await hexDigest(program));
    assertEquals((await new Deno.Command(path).output()).success, true);

    await Deno.remove(`${folder}/served`, { recursive: true });
    assertEquals(await fetchVendors(folder), path, "nothing is fetched twice");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
