// The page: its views, its keys, and what is drawn anew when something is chosen.

const views = [textView, passesView, graphView, fusionsView, memoryView, weightsView, costsView];

let drawing = 0;

/** Draws the view that the state names. What an earlier drawing still waits for is dropped. */
async function render() {
  const turn = ++drawing;
  const old = document.getElementById('view');
  const view = views.find(({ name }) => name === state.view);
  const keeps = old.dataset.view === view.name, scroll = keeps ? old.scrollTop : 0;
  const focused = keeps && document.activeElement && old.contains(document.activeElement) ? document.activeElement.id : '';
  document.body.dataset.ready = '';
  for (const tab of document.getElementById('views').children) tab.setAttribute('aria-selected', tab.dataset.view === view.name ? 'true' : 'false');
  const container = old.cloneNode(false);
  container.dataset.view = view.name;
  container.setAttribute('aria-label', view.title);
  old.replaceWith(container);
  await view.render(container);
  if (turn !== drawing) return;
  container.scrollTop = scroll;
  if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
  if (view.reveal) view.reveal();
  lightUp();
  document.body.dataset.ready = view.name;
}

const show = name => setState({ view: name, sort: '' });

//===--- Light and dark ----------------------------------------------------===//

const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const isDark = () => state.theme ? state.theme === 'dark' : systemDark.matches;

function applyTheme() {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  document.getElementById('theme').textContent = isDark() ? 'Light' : 'Dark';
}

function switchTheme() {
  state.theme = isDark() ? 'light' : 'dark';
  writeHash();
  applyTheme();
}

//===--- Keys --------------------------------------------------------------===//

const shortcuts = [
  ...views.map(({ key, title, name }) => [key, title, () => show(name)]),
  ['n', 'next lit line of the stage', () => stagePane.view && stagePane.view.step(1)],
  ['p', 'previous lit line of the stage', () => stagePane.view && stagePane.view.step(-1)],
  ['[', 'pass before', () => state.view === 'passes' && passesView.go(passesView.current() - 1)],
  [']', 'next pass', () => state.view === 'passes' && passesView.go(passesView.current() + 1)],
  ['Escape', 'nothing is selected', () => setState({ line: '', loop: '' })],
  ['l', 'light or dark', switchTheme],
  ['?', 'these keys', () => document.getElementById('shortcuts').showModal()],
];
const further = [['1 … 9', 'stage of the text'], ['↑ ↓ PgUp PgDn Home End', 'in a text'], ['Enter', 'select the line, the op'], ['Space', 'fold or unfold a block of the graph'], ['+ − 0', 'size of the graph, all of it']];

function keyPressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.matches('input[type=number], select, textarea') || document.getElementById('shortcuts').open) return;
  const stage = facts.stages[Number(event.key) - 1];
  const found = shortcuts.find(([key]) => key === event.key);
  if (state.view === 'text' && stage) setState({ stage: stage.name });
  else if (found) found[2]();
  else return;
  event.preventDefault();
}

function createShortcuts() {
  const dialog = document.getElementById('shortcuts');
  const rows = [...shortcuts, ...further].map(([key, text]) => el('tr', {}, el('th', { scope: 'row' }, el('kbd', {}, key)), el('td', {}, text)));
  dialog.append(el('h2', {}, 'Keys'), el('table', {}, el('tbody', {}, rows)), el('form', { method: 'dialog' }, el('button', {}, 'Close')));
}

//===--- Begin -------------------------------------------------------------===//

const shownTexts = () => state.view === 'text' ? [modelPane.view, stagePane.view] : [];

async function begin() {
  await readFacts();
  document.getElementById('title').textContent = facts.model;
  document.getElementById('subtitle').textContent = `${facts.source} for ${facts.cpu}, by heddle ${facts.version}`;
  document.getElementById('views').append(...views.map(({ name, title, key }) =>
    el('button', { type: 'button', role: 'tab', 'data-view': name, title: `key ${key}`, click: () => show(name) }, title)));
  document.getElementById('theme').addEventListener('click', switchTheme);
  document.getElementById('help').addEventListener('click', () => document.getElementById('shortcuts').showModal());
  createShortcuts();
  readHash();
  applyTheme();
  systemDark.addEventListener('change', applyTheme);
  modelPane.create();
  window.addEventListener('hashchange', () => {
    readHash();
    applyTheme();
    render();
  });
  window.addEventListener('beforeprint', () => shownTexts().forEach(view => view.drawAll()));
  window.addEventListener('afterprint', () => shownTexts().forEach(view => view.draw()));
  document.addEventListener('keydown', keyPressed);
  await render();
}

begin().catch(error => {
  document.getElementById('subtitle').textContent = `This page cannot be shown: ${error.message}`;
  throw error;
});
