// Restate's worker (`work PORT INGRESS`) and load generator (`load INGRESS [OPTIONS]`, see load.py). Copied to where its
// packages are installed, since Node looks for them next to a program.
import http2 from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";

// The SDK wants Node 22 for this one function.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};

const SESSIONS = 4; // the ingress takes 256 requests at once on a connection
const RESULT = JSON.stringify([1, 2, 3, 4, "done", 5, 6]);

class Ingress {
  constructor(address) {
    this.sessions = Array.from({ length: SESSIONS }, () => http2.connect(address));
    this.next = 0;
  }

  post(path, body) {
    return new Promise((resolve, reject) => {
      const session = this.sessions[this.next++ % SESSIONS];
      const request = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
      let status, text = "";
      request.setEncoding("utf8");
      request.on("response", (headers) => { status = headers[":status"]; });
      request.on("data", (part) => { text += part; });
      request.on("end", () => (status < 300 ? resolve(text) : reject(new Error(`${path}: ${status} ${text}`))));
      request.on("error", reject);
      request.end(JSON.stringify(body));
    });
  }

  close() {
    this.sessions.forEach((session) => session.close());
  }
}

async function work(port, ingress) {
  const restate = await import("@restatedev/restate-sdk");
  const world = new Ingress(ingress);
  const workflow = async (context) => {
    const done = [];
    for (const step of [1, 2, 3]) done.push(await context.run(`step ${step}`, () => step));
    const event = context.awakeable();
    done.push(await context.run("step 4", () => {
      void world.post(`/restate/awakeables/${event.id}/resolve`, "done"); // answers in its own time
      return 4;
    }));
    done.push(await event.promise);
    for (const step of [5, 6]) done.push(await context.run(`step ${step}`, () => step));
    return done;
  };
  const services = [restate.service({ name: "bench", handlers: { workflow } })];
  http2.createServer(restate.createEndpointHandler({ services })).listen(Number(port), "127.0.0.1");
}

async function load(ingress, inFlight, rate, warm, seconds) {
  const world = new Ingress(ingress);
  const now = () => performance.now() / 1000;
  const cpu = process.cpuUsage(), begin = now() + warm, end = begin + seconds;
  const answer = { started: 0, right: 0, counted: 0, seconds, latencies_ms: [] };

  async function run(due, countsWhenDue) {
    const number = answer.started++;
    const result = await world.post("/bench/workflow", number);
    answer.right += JSON.stringify(JSON.parse(result)) === RESULT;
    const ended = now(), counted = countsWhenDue ? due : ended;
    answer.counted += begin <= ended && ended < end;
    if (begin <= counted && counted < end) answer.latencies_ms.push(Math.round(1e5 * (ended - due)) / 100);
  }

  if (inFlight) {
    // Spread over half the warm-up: started at once, they would go on to end at once, wave by wave.
    const slot = async (_, number) => {
      await sleep(500 * warm * number / inFlight);
      do await run(now(), false); while (now() < end);
    };
    await Promise.all(Array.from({ length: inFlight }, slot));
  } else {
    const first = now(), running = [];
    for (let due = first; due < end; due = first + running.length / rate) {
      while (due > now()) await sleep(1000 * (due - now()));
      running.push(run(due, true));
    }
    await Promise.all(running);
  }
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ ...answer, cpu_s: (used.user + used.system) / 1e6, ended_at: Date.now() / 1000 }));
  world.close();
}

const [what, ...rest] = process.argv.slice(2);
if (what === "work") {
  await work(...rest);
} else {
  const option = (name) => (rest.includes(name) ? Number(rest[rest.indexOf(name) + 1]) : 0);
  await load(rest[0], option("--in-flight"), option("--rate"), option("--warm"), option("--seconds"));
}
