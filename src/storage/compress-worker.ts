// A thread that compresses blocks of archives (compress.ts).
import { compressBlock, type CompressJob } from "./compress-block.ts";
import { serveJobs } from "./serve-jobs.ts";

serveJobs((job) => {
  const result = compressBlock(job as CompressJob);
  return Promise.resolve({ result, moved: [result.buffer] });
});
