// drive.mjs WORK PORT: what a person sees of a model file in VS Code, asked for with mouse and keys.
import {createRequire} from "node:module";
import {strict as assert} from "node:assert";
import {readFileSync} from "node:fs";

const [work, port] = process.argv.slice(2);
const {chromium} = createRequire(`${work}/npm/`)("playwright-core");
const browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: ["--no-sandbox"]});
const page = await browser.newPage({viewport: {width: 1400, height: 900}});
let pictures = 0;

const picture = (name) => page.screenshot({path: `${work}/pictures/${++pictures}-${name}.png`});
const seen = (selector, text) => page.locator(selector, {hasText: text}).first().waitFor({timeout: 30000});
const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

async function goTo(line, column) {
  await press("Control+g");
  await page.keyboard.type(`${line}:${column}`, {delay: 5});
  await press("Enter");
}

// The place of a part of the file, behind `skip` of its characters.
function placeOf(part, skip = 0) {
  const before = readFileSync(`${work}/folder/llama.heddle`, "utf8").split(part)[0];
  const lines = before.split("\n");
  return [lines.length, lines.at(-1).length + 1 + skip];
}

async function hover(part, skip, text, name) {
  await goTo(...placeOf(part, skip));
  await press("Control+k", "Control+i");
  await seen(".monaco-hover", text);
  await picture(name);
  await press("Escape");
}

try {
  for (let tries = 30; ; --tries) {
    if (await fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => answer.ok, () => false)) break;
    assert(tries > 0, "the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await page.goto(`http://127.0.0.1:${port}/?folder=${work}/folder`);
  await seen(".explorer-folders-view", "llama.heddle");
  await page.locator(".explorer-folders-view .monaco-list-row", {hasText: "llama.heddle"}).dblclick();
  await seen(".view-lines", "LlamaForCausalLM");

  // The axes of what is assigned, and colours of what names mean.
  await goTo(...placeOf("block self_attention"));
  await seen(".view-lines", ": [B T H K]");
  await picture("hints");
  await hover("q = linear@q_proj", 5, "linear@path", "operation");
  await hover("q = linear@q_proj", 13, "self_attn.q_proj.weight", "weights");
  await hover("block self_attention(x", 21, "real[B T D]", "axes");

  // A mistake, the message with a link into the reference, and the other place that it speaks of.
  await goTo(...placeOf("return linear@o_proj(a, H K", 24));
  await press("Delete");
  await page.keyboard.type("G");
  await page.locator(".squiggly-error").first().waitFor();
  const mistake = page.locator(".zone-widget", {hasText: "does not end in G K"}).first();
  for (let tries = 0; tries < 10 && !(await mistake.isVisible()); ++tries) {
    await press("Escape", "F8");    // until the server has seen all that was typed
    await page.waitForTimeout(1000);
  }
  await mistake.waitFor();
  await picture("mistake");
  await press("Escape", "Control+Shift+m");
  await seen(".markers-panel", "heddle");
  await picture("problems");
  await press("Control+Shift+m", "Control+1", "Control+z", "Control+z");

  // Completion of paths, of names; the signature of a call.
  await goTo(...placeOf("  v = cache@v"));
  await page.keyboard.type("  w = linear@");
  await seen(".suggest-widget", "q_proj");
  await picture("paths");
  await page.keyboard.type("q_proj(x, ");
  await seen(".parameter-hints-widget", "linear");
  await picture("signature");
  await press("Escape", "Control+Space");
  await seen(".suggest-widget", "bias = ");
  await press("Escape");
  for (let i = 0; i < 30; ++i) await press("Control+z");

  // Where a block is declared, and one name for another.
  await goTo(...placeOf("x = layer@layers", 5));
  await press("F12");
  await seen(".statusbar-item", `Ln ${placeOf("block layer")[0]},`);
  await picture("definition");
  await press("F2");
  await page.locator(".rename-box input").first().fill("step_of");
  await press("Enter");
  await seen(".view-lines", "block step_of");
  await picture("rename");
  await press("Control+z");
  console.log(`${pictures} pictures, as they should be`);
} catch (error) {
  await picture("failed");
  throw error;
} finally {
  await browser.close();
}
