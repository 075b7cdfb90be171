/** Where a system's programs are: container runtimes run plugins without a PATH. The system's own come first. */
export const PROGRAM_FOLDERS = [
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/usr/local/sbin",
  "/usr/local/bin",
] as const;

/** The same as a value of PATH, for programs that start others. */
export const PROGRAM_PATH = PROGRAM_FOLDERS.join(":");
