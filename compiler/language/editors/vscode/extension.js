// Starts heddle-lsp for the model files that VS Code has open. `ninja vscode-extension` makes one file of it and its client.
const { execFile } = require("node:child_process");
const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");

let client;

function settings() {
  const all = vscode.workspace.getConfiguration("heddle");
  return { server: all.get("server"), configs: all.get("configs"), values: all.get("values") };
}

// Why the command cannot be started; nothing where it can.
function fault(server) {
  return new Promise((tell) => execFile(server, ["--version"], { timeout: 10000 }, (error) => tell(error && (error.code === "ENOENT" ? "there is no such command" : error.message))));
}

async function start() {
  const { server, configs, values } = settings();
  const why = await fault(server);
  if (why) {
    const choice = await vscode.window.showErrorMessage(
      `Heddle: found no language server ${server} (${why}), needed the one that is installed with heddle`, "Open Settings");
    if (choice) vscode.commands.executeCommand("workbench.action.openSettings", "heddle.server");
    return;
  }
  client = new LanguageClient("heddle", "Heddle", { command: server }, {
    documentSelector: [{ language: "heddle" }],
    initializationOptions: { configs, values },
    synchronize: {
      configurationSection: "heddle",
      fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.heddle,config.json,*.gguf,*.safetensors,*.safetensors.index.json}"),
    },
  });
  await client.start();
}

async function stop() {
  if (client && client.state === State.Running) await client.stop();
  client = undefined;
}

exports.activate = async (context) => {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(vscode.commands.registerCommand("heddle.restart", restart));
  context.subscriptions.push(vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("heddle.server")) restart();
  }));
  await start();
};

exports.deactivate = stop;
