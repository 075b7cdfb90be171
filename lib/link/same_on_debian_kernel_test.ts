/**
 * What depends on the kernel's words and habits holds on Debian's kernel as well as on that of this machine, which is
 * often a newer one.
 */

import "./interface_settings_root_test.ts";
import "./ip_batch_root_test.ts";
