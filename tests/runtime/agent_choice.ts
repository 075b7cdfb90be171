/** Whether nodes of tests have an agent that does danm's calls: the same tests must pass with one and without. */
export const HAS_AGENT = Deno.env.get("DANM_TEST_AGENT") === "1";
