// The example server in its demo form, on a port that it picks and a database of its own; and its command line.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_SECONDS = 60;
const COMMAND_SECONDS = 60;

export class Server {
  static async start(binary) {
    const server = new Server(binary);
    await server.#run();
    return server;
  }

  constructor(binary) {
    this.binary = binary;
    this.folder = mkdtempSync(join(tmpdir(), "browser-"));
    this.database = `sqlite:${join(this.folder, "demo.sqlite")}`;
    this.output = "";
  }

  #run() {
    const options = ["demo", "--listen", "127.0.0.1:0", "--database", this.database];
    this.process = spawn(this.binary, options, { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the server did not start:\n${this.output}`)), START_SECONDS * 1000);
      this.process.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${this.output}`)));
      this.process.stderr.on("data", (text) => { this.output += text; });
      this.process.stdout.on("data", (text) => {
        this.output += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(this.output);
        // The last line of the introduction: by then everything that the demo prepares is there.
        if (found && this.output.includes("Stop with ctrl-c")) {
          clearTimeout(late);
          this.url = found[0];
          resolve();
        }
      });
    });
  }

  /** Runs a command beside the running server; what it prints on stdout. */
  command(...options) {
    const done = spawnSync(this.binary, [...options, "--database", this.database], {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: COMMAND_SECONDS * 1000,
    });
    if (done.status !== 0) {
      throw new Error(`server ${options.join(" ")} failed:\n${done.stdout}${done.stderr}`);
    }
    return done.stdout.trim();
  }

  /** A file in the server's folder. */
  path(name) {
    return join(this.folder, name);
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = new Promise((resolve) => { this.process.on("exit", resolve); });
      this.process.kill("SIGINT");
      const kill = setTimeout(() => this.process.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(kill);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
