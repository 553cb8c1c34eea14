/** The echo task with another verifier or demonstrations, for runs that must be refused. */
import type { Task } from "../../src/toolkit/tasks/task.ts";
import { type Judgement, judge } from "../../src/toolkit/verify/verifier.ts";
import { echoTask } from "./tiny-task.ts";

/** A task whose right completions, an untrained policy's one in four, begin with a, b or c. */
export const startsTask: Task = {
  ...judgedBy((completion) => (/^[abc]/.test(completion) ? judge.correct(completion) : judge.wrong("not a, b or c"))),
  demonstration: (_problem, _random, { flawed }) => (flawed ? "hh" : "aa"),
};

/** The echo task with a verdict that depends on the completion alone. */
export function judgedBy(verdict: (completion: string) => Judgement): Task {
  const verifier = { name: "planted", version: "1" };
  return { ...echoTask, verify: (_problem, completion) => ({ ...verdict(completion), ms: 0, verifier }) };
}
