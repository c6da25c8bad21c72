// Copies the browser libraries from node_modules into screenpop/static/vendor. Our own files need no build.
import { copyFile, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const VENDOR = join(ROOT, "screenpop", "static", "vendor");
const FILES = {
  "htmx.min.js": "htmx.org/dist/htmx.min.js",
  "uplot.js": "uplot/dist/uPlot.esm.js",
  "uplot.css": "uplot/dist/uPlot.min.css",
};

await mkdir(VENDOR, { recursive: true });
for (const [name, source] of Object.entries(FILES)) {
  const from = join(ROOT, "node_modules", source);
  try {
    await stat(from);
  } catch {
    console.error(`build_static: ${source} is not installed; run "npm install" first`);
    process.exit(1);
  }
  await copyFile(from, join(VENDOR, name));
}
console.log(`build_static: ${Object.keys(FILES).length} files in screenpop/static/vendor`);
