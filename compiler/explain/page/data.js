// What the compiler has put into the page: `facts`, read when the page opens, and texts that are unpacked when they are looked at.

let facts = null;
const chunks = new Map();

async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).text();
}

/** The text of a chunk, as a promise. */
function chunk(name) {
  if (!chunks.has(name)) {
    const element = document.getElementById('data-' + name);
    chunks.set(name, element ? unpack(element.textContent) : Promise.resolve(''));
  }
  return chunks.get(name);
}

const linesOf = async name => (await chunk('text-' + name)).replace(/\n$/, '').split('\n');

const shortName = path => path.slice(path.lastIndexOf('/') + 1);
const stageNamed = name => facts.stages.find(stage => stage.name === name);
const isTree = stage => stage.name === 'ast';

async function readFacts() {
  facts = JSON.parse(await chunk('facts'));
  for (const file of facts.files) file.lines = file.text.replace(/\n$/, '').split('\n');
  facts.places = facts.places.map(flat => {
    const lines = [];
    for (let i = 0; i < flat.length; i += 2) lines.push({ file: flat[i], line: flat[i + 1] });
    return lines;
  });
  for (const stage of facts.stages) {
    const runs = stage.places;
    stage.places = new Uint32Array(stage.lines);
    for (let i = 0, at = 0; i < runs.length; i += 2) {
      stage.places.fill(runs[i + 1], at, at + runs[i]);
      at += runs[i];
    }
  }
  facts.setsOfLine = new Map();
  facts.places.forEach((lines, set) => {
    for (const { file, line } of lines) {
      const key = keyOf({ file, line });
      if (!facts.setsOfLine.has(key)) facts.setsOfLine.set(key, new Set());
      facts.setsOfLine.get(key).add(set);
    }
  });
}

//===--- Links ------------------------------------------------------------===//

const keyOf = ({ file, line }) => file + ':' + line;
const contains = (lines, { file, line }) => lines.some(other => other.file === file && other.line === line);
const includes = (lines, others) => others.every(other => contains(lines, other));

/** What came of a model's line, or what a stage's line came of and what else did: the sets of places that are lit. A block's op
 * has the line where the block is called as well; that this is the same does not make two ops one. */
function litSets(selection) {
  if (!selection) return { sets: new Set(), model: [] };
  if (selection.stage === undefined) return setsOf([selection]);
  return setsOfStage(stageNamed(selection.stage), selection.line);
}

/** The same of lines of the model. */
function setsOf(model) {
  return { sets: new Set(model.flatMap(place => [...(facts.setsOfLine.get(keyOf(place)) || [])])), model };
}

/** The same of a line of a stage. A statement of the tree may take several lines, each of which has ops of its own. */
function setsOfStage(stage, line) {
  const own = stage.places[line - 1] || 0;
  return isTree(stage) ? setsOf(facts.places[own]) : setsAround(own);
}

/** The same of a set of places: of an op, a remark. */
function setsAround(own) {
  const sets = new Set();
  if (!own) return { sets, model: [] };
  const lines = facts.places[own];
  facts.places.forEach((other, number) => {
    if (other.length && (includes(lines, other) || includes(other, lines))) sets.add(number);
  });
  return { sets, model: lines };
}

/** Lines of a stage, counted from 1, that are lit. */
function litLines(stage, { sets, model }) {
  const isLit = isTree(stage) ? set => facts.places[set].some(place => contains(model, place)) : set => sets.has(set);
  const lines = [];
  if (sets.size || model.length)
    for (let i = 0; i < stage.places.length; ++i)
      if (isLit(stage.places[i])) lines.push(i + 1);
  return lines;
}
