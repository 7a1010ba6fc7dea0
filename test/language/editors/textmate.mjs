// textmate.mjs NODE_MODULES GRAMMAR FILE...: VS Code's engine reads model files by the TextMate grammar. Each token, as
// compiler/language/Lexer.cpp has them, gets a scope of its kind.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, grammarFile, ...files] = process.argv.slice(2);
const require = createRequire(modules + "/");
const textmate = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");

const TOKEN = /(?<comment>#.*)|(?<string>"[^"]*")|(?<size>[A-Z]\w*)|(?<name>[a-z_]\w*)|(?<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?<symbol>->|\.\.|[=!<>]=|[-+*/%^<>=@(){}[\],:|?.])/g;
const path = "entity.name.label.path", key = "variable.other.property.key", option = "variable.parameter.option";
const SCOPES = {
  comment: ["comment"],
  string: ["string"],
  size: ["entity.name.type.size", path, key, option],
  name: ["keyword", "storage", "entity.name.class", "entity.name.function", "support.function", "constant.language", "variable", path],
  number: ["constant.numeric", path],
  symbol: ["keyword.operator", "punctuation", path, key],
};
const CALLED = ["entity.name.function", "support.function", "keyword", path];

const registry = new textmate.Registry({
  onigLib: oniguruma.loadWASM(readFileSync(modules + "/vscode-oniguruma/release/onig.wasm")).then(() => ({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  })),
  loadGrammar: async () => textmate.parseRawGrammar(readFileSync(grammarFile, "utf8"), grammarFile),
});
const grammar = await registry.loadGrammar("source.heddle");

/** What is wrong with one token of a line. */
function fault(kind, text, rest, scopes) {
  const all = scopes.flatMap((token) => token.scopes.slice(1));
  if (scopes.some((token) => token.scopes.length < 2)) return "has no scope";
  const fits = (allowed) => all.some((scope) => allowed.some((name) => scope.startsWith(name)));
  if (!fits(SCOPES[kind])) return `is a ${kind}, and has ${all}`;
  if (kind !== "comment" && kind !== "string" && (all.join().includes("comment") || all.join().includes("string."))) return `has ${all}`;
  if (kind === "name" && /^\s*[@(]/.test(rest) && !fits(CALLED)) return `is called, and has ${all}`;
}

let tokens = 0, faults = 0;
for (const file of files) {
  let stack = textmate.INITIAL;
  for (const [number, line] of readFileSync(file, "utf8").split("\n").entries()) {
    const read = grammar.tokenizeLine(line, stack);
    stack = read.ruleStack;
    for (const match of line.matchAll(TOKEN)) {
      const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
      const end = match.index + match[0].length;
      const over = read.tokens.filter((token) => token.startIndex < end && token.endIndex > match.index);
      const wrong = fault(kind, match[0], line.slice(end), over);
      tokens++;
      if (!wrong) continue;
      faults++;
      console.log(`${file}:${number + 1}:${match.index + 1}: ${match[0]} ${wrong}`);
    }
  }
  if (stack.depth !== 1) {
    faults++;
    console.log(`${file}: something is still open at the end`);
  }
}
console.log(`${files.length} files, ${tokens} tokens, ${faults} faults`);
process.exit(faults || !tokens ? 1 : 0);
