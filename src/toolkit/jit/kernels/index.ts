/** All kernels of the trace backend, by TensorFlow.js name. */
import { binaryKernels } from "./binary.ts";
import { creationKernels } from "./creation.ts";
import { indexingKernels } from "./indexing.ts";
import type { Kernel } from "./kernel.ts";
import { productKernels } from "./product.ts";
import { reductionKernels } from "./reduction.ts";
import { shapeKernels } from "./shape.ts";
import { unaryKernels } from "./unary.ts";

export const kernels: ReadonlyMap<string, Kernel> = new Map(
  [
    unaryKernels,
    binaryKernels,
    reductionKernels,
    shapeKernels,
    indexingKernels,
    productKernels,
    creationKernels,
  ].flatMap((table) => Object.entries(table)),
);
