/** What the bundler puts where a CommonJS package asks for a module of the runtime, unless it gave it the means. */
const NO_REQUIRE = "Dynamic require of";

const REQUIRE = 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);\n';

/**
 * The bundle with the function `require()` that CommonJS packages in it need for modules of the runtime. Deno's bundler
 * gives it to them by finding its own shim again after minification, by a pattern that knows no `$`; with enough other
 * names in a program that is what the shim is called.
 */
export function withRequire(bundle: string): string {
  return bundle.includes(NO_REQUIRE) ? REQUIRE + bundle : bundle;
}
