/** Our engines as a worker of the benchmark driver (engines.ts), in a plain Node process (plain.ts). */
import { runPlain } from "./plain.ts";

process.exitCode = await runPlain(new URL("engines.ts", import.meta.url).href);
