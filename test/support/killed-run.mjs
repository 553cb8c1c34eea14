// A training run that ends itself by SIGKILL at its n-th file operation, before it or in the middle of it:
// node killed-run.mjs FOLDER STEPS [N]. Says on stderr where. Imports the built package: Node 20 cannot run TypeScript.
import { writeSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { relative } from "node:path";

const [folder, steps, killAt] = process.argv.slice(2);
let operations = 0;

/** Ends the process at the n-th operation; of a write, with half of it done. */
async function count(what, path, half) {
  if (++operations !== Number(killAt)) return;
  await half?.();
  writeSync(2, `${what} ${relative(folder, String(path))}\n`);
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => {}); // the signal is on its way
}

const inside = (path) => String(path).startsWith(folder);
for (const name of ["mkdir", "rename", "rm", "link", "open"]) {
  const plain = fs[name];
  fs[name] = async (path, ...more) => {
    if (inside(path)) await count(name, path);
    const result = await plain(path, ...more);
    if (name === "open" && inside(path)) watch(result, path);
    return result;
  };
}
function watch(file, path) {
  for (const name of ["writeFile", "appendFile"]) {
    const plain = file[name].bind(file);
    file[name] = async (data) => {
      await count(name, path, () => plain(data.slice(0, data.length / 2)));
      return plain(data);
    };
  }
  const plain = file.sync.bind(file);
  file.sync = async () => {
    await count("sync", path);
    return plain();
  };
}
syncBuiltinESMExports();

const { chainAddition, charTokenizer, compose, Policy, train } = await import("../../dist/src/index.js");
const { grpo, klLoss, rlep } = await import("../../dist/src/algorithms/index.js");

/** Right is what begins with 1 to 4: of an untrained policy's completions about a third. */
const sums = chainAddition({ digits: 1 });
const task = {
  ...sums,
  verify: (problem, completion) => {
    const right = /^[1-4]/.test(completion);
    return { ...sums.verify(problem, completion), score: right ? 1 : 0, status: right ? "correct" : "wrong" };
  },
};
const tokenizer = charTokenizer(task.alphabet);
const config = {
  ...{ architectures: ["LlamaForCausalLM"], model_type: "llama", vocab_size: tokenizer.vocabSize },
  ...{ hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2 },
  ...{ head_dim: 8, max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 1e4, tie_word_embeddings: true },
  ...{ bos_token_id: tokenizer.bosId, eos_token_id: tokenizer.eosId, pad_token_id: tokenizer.padId },
};
const policy = await Policy.create({ config, tokenizer, seed: 1 });
const run = train({
  ...{ policy, task, seed: 5, steps: Number(steps), promptsPerStep: 4, samplesPerPrompt: 4, learningRate: 1e-2 },
  algorithm: compose(grpo(), klLoss({ adaptive: { target: 0.01, horizon: 100 } }), rlep({ again: 1 })), // with states
  ...{ runFolder: folder, resume: true, checkpointEvery: 2, keepCheckpoints: { last: 2, best: 1 }, maxTokens: 6 },
  preflight: "warn", // what is right is not what is asked for
});
process.stdout.write("begun\n"); // from here on another process may kill it at any time
const { policy: trained } = await run.finished;
process.stdout.write(`${await trained.fingerprint()}\n`);
process.exit(0);
