import { type Answer, dispatch, type Plugin } from "./dispatch.ts";
import type { Environment } from "./environment.ts";

const refuse = () => {
  throw new Error("Cannot do it: CNI_COMMAND must be VERSION");
};
const NO_PLUGIN: Plugin = { add: refuse, del: refuse, check: refuse, status: refuse, gc: refuse };

/** Answers VERSION, which any plugin of this protocol answers alike. */
export async function answerVersion(env: Environment, stdin: string): Promise<Answer> {
  return await dispatch(NO_PLUGIN, env, stdin);
}
