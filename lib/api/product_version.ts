/** The version of DANM: of all its programs, which are released together. Source: semver.org 2.0.0. */
export const PRODUCT_VERSION = "0.1.0";
