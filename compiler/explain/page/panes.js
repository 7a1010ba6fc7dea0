// The model's text on the left, a stage's on the right, and the light between them.

const modelPane = {
  file: 0,
  view: null,

  create() {
    this.view = new TextView({
      label: 'Model text',
      onHover: line => hover(setsOf(line ? [{ file: this.file, line }] : [])),
      onSelect: line => selectLine({ file: this.file, line }),
    });
    this.tabs = el('div.tabs', { role: 'tablist', 'aria-label': 'Model files' });
    document.getElementById('model').append(this.tabs, this.view.element);
    this.open(0);
  },

  open(file) {
    this.file = file;
    if (!facts.files[file]) return;
    this.view.show(facts.files[file].lines, tokensOfModel);
    this.tabs.replaceChildren(...facts.files.map(({ name }, number) => {
      const click = () => {
        this.open(number);
        this.light(litSets(selection), true);
      };
      return el('button.tab', { type: 'button', role: 'tab', 'aria-selected': number === file ? 'true' : 'false', title: name, click }, shortName(name));
    }));
  },

  light({ model }, keepsFile) {
    const here = () => model.filter(({ file }) => file === this.file).map(({ line }) => line);
    if (!keepsFile && model.length && !here().length) this.open(model[0].file);
    const lit = here();
    const chosen = selection && selection.stage === undefined && selection.file === this.file ? selection.line : 0;
    this.view.mark(lit, chosen);
    if (lit.length) this.view.reveal(lit[0]);
  },
};

const stagePane = {
  stage: '',
  view: null,

  render(container) {
    if (!this.view)
      this.view = new TextView({
        label: 'Text of the stage',
        onHover: line => hover(line ? setsOfStage(stageNamed(state.stage), line) : setsOf([])),
        onSelect: line => setState({ line: `${state.stage}:${line}` }),
      });
    const tabs = el('div.tabs', { role: 'tablist', 'aria-label': 'Stages' }, facts.stages.map(({ name, lines }) =>
      el('button.tab', { type: 'button', role: 'tab', 'aria-selected': name === state.stage ? 'true' : 'false', title: `${lines} lines`, click: () => setState({ stage: name }) }, name)));
    const steps = el('div.steps', {},
      el('button', { type: 'button', title: 'previous lit line: P', click: () => this.view.step(-1) }, '↑ lit'),
      el('button', { type: 'button', title: 'next lit line: N', click: () => this.view.step(1) }, '↓ lit'));
    container.append(el('div.bar', {}, tabs, steps), el('div#said', {}));
    this.view.attachTo(container);
    return this.load();
  },

  async load() {
    const name = state.stage;
    if (this.stage === name) return;
    const lines = await linesOf(name);
    if (state.stage !== name) return;
    this.stage = name;
    this.view.show(lines, tokensOfStage[name] || tokensOfMlir);
  },

  light(all) {
    if (state.view !== 'text' || this.stage !== state.stage) return;
    const lit = litLines(stageNamed(this.stage), all);
    const chosen = selection && selection.stage === this.stage ? selection.line : 0;
    this.view.mark(lit, chosen);
    if (chosen || lit.length) this.view.reveal(chosen || lit[0]);
  },
};

function hover(lit) {
  modelPane.view.hover(lit.model.filter(({ file }) => file === modelPane.file).map(({ line }) => line));
  if (state.view === 'text' && stagePane.stage === state.stage) stagePane.view.hover(litLines(stageNamed(state.stage), lit));
}

/** What passes said of what is lit: why an op of the line is fused, or is not. */
function tellRemarks(lit) {
  const container = document.getElementById('said');
  if (!container) return;
  const all = selection ? facts.remarks.filter(({ places }) => lit.sets.has(places)) : [];
  const said = [...new Map(all.map(remark => [remark.made + remark.text, remark])).values()];
  said.sort((a, b) => a.made - b.made);
  container.replaceChildren(...said.slice(0, 4).map(({ made, text }) => el('p', {}, el('span', { class: made ? 'made' : 'refused' }, made ? '✓ made' : '✗ refused'), ' ', text)),
    ...(said.length > 4 ? [el('button.link', { type: 'button', click: () => show('fusions') }, `${said.length - 4} more of this line`)] : []));
}

const lineCount = lines => lines.length === 1 ? `line ${lines[0]}` : `${grouped(lines.length)} lines from ${lines[0]}`;

/** Lights what is selected, and says which lines these are. */
function lightUp() {
  const lit = litSets(selection);
  modelPane.light(lit);
  stagePane.light(lit);
  tellRemarks(lit);
  const output = document.getElementById('lit');
  if (!selection) {
    output.value = 'Select a line, of the model or of a stage, to see what came of it and where it came from.';
    delete output.dataset.lit;
    return;
  }
  const all = { model: lit.model.map(({ file, line }) => `${shortName(facts.files[file].name)}:${line}`) };
  for (const stage of facts.stages) all[stage.name] = litLines(stage, lit);
  const parts = Object.entries(all).filter(([, lines]) => lines.length).map(([name, lines]) => name === 'model' ? lines.join(', ') : `${name}: ${lineCount(lines)}`);
  output.value = `${selectionText(selection)} — ${parts.join(' · ') || 'nothing came of it by itself'}`;
  output.dataset.lit = JSON.stringify(Object.fromEntries(Object.entries(all).map(([name, lines]) => [name, lines.slice(0, 2000)])));
}

const textView = { name: 'text', title: 'Text', key: 't', render: container => stagePane.render(container) };
