// `npm run test:fuzz [requests] [seed]`: a long run against a daemon of its own; 100,000 requests unless told otherwise.
import { fuzzApi } from "./fuzz-api.ts";

const [requests = "100000", seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
console.log(`seed ${seed}, ${requests} requests`);
const startedAt = performance.now();
const report = await fuzzApi({
  seed: Number(seed),
  requests: Number(requests),
  onProgress: (done, text) =>
    console.log(`${done} ${Math.round((performance.now() - startedAt) / 1000)} s ${text}`),
});
console.log(JSON.stringify(report, undefined, 2));
