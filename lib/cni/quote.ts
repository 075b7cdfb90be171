/** Longer values are cut: a plugin may print megabytes where a name belongs. */
const LONGEST = 200;

/** A value of any JSON kind as an error message shows it. */
export function quote(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
