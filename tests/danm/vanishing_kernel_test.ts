import { danmTest } from "./danm_case.ts";
import { vanishAtEachMoment } from "./vanishing.ts";

danmTest("takes everything back when the namespace of an ipvlan interface vanishes", async (node) => {
  await vanishAtEachMoment(node, "ipvlan");
});
