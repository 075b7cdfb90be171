import { assertEquals } from "@std/assert";
import { add, closingLine, failuresOf, NONE, notStarted, tallyReport } from "./tally.ts";

/** As Deno 2.9 writes it. */
const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="1" time="0.027">
    <testsuite name="./lib/a_test.ts" tests="6" disabled="2" errors="1" failures="2">
        <testcase name="passes &gt; &lt;failure" classname="./lib/a_test.ts" time="0.004" line="1" col="6">
        </testcase>
        <testcase name="fails" classname="./lib/a_test.ts" time="0.002" line="2" col="6">
            <failure message="Uncaught Error: x &lt;y&gt;">Error: x &lt;skipped/&gt;
    at file:///a_test.ts:2:34</failure>
        </testcase>
        <testcase name="ignored" classname="./lib/a_test.ts" time="0.000" line="3" col="11">
            <skipped/>
        </testcase>
        <testcase name="cancelled" classname="./lib/a_test.ts" time="0.000" line="4" col="6">
            <error message="Cancelled"/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("tallyReport() counts what passed, failed and was skipped", () => {
  assertEquals(tallyReport(REPORT), { passed: 1, failed: 2, skipped: 1 });
  assertEquals(tallyReport(""), NONE);
});

Deno.test("failuresOf() tells which tests failed, and why", () => {
  assertEquals(failuresOf(REPORT), [
    "fails (./lib/a_test.ts)\nError: x <skipped/>\n    at file:///a_test.ts:2:34",
    "cancelled (./lib/a_test.ts)\nCancelled",
  ]);
  assertEquals(failuresOf(""), []);
});

Deno.test("notStarted() names the files that the output knows nothing of", () => {
  const output = "running 1 test from ./lib/a_test.ts\na ... ok (1ms)\nrunning 2 tests from ./b_test.ts\n";
  assertEquals(notStarted(output, ["lib/a_test.ts", "b_test.ts", "a_test.ts"]), ["a_test.ts"]);
});

Deno.test("closingLine() is what a run ends with", () => {
  assertEquals(closingLine(add({ passed: 1, failed: 2, skipped: 3 }, NONE)), "1 passed, 2 failed, 3 skipped");
});
