import { expect, test } from "vitest";
import { svd } from "../../../src/toolkit/linear/svd.ts";
import { symmetricEigen } from "../../../src/toolkit/linear/symmetric-eigen.ts";
import { rng } from "../../../src/toolkit/rng.ts";

test("symmetricEigen: values and vectors known by hand", () => {
  // [[2, 1], [1, 2]] has (1, 1) / √2 with 3 and (1, −1) / √2 with 1.
  const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2, 2);
  expect(Array.from(values)).toEqual([3, 1].map((x) => expect.closeTo(x, 14)));
  expect(Array.from(vectors, Math.abs)).toEqual(Array(4).fill(expect.closeTo(Math.SQRT1_2, 14)));
  expect((vectors[2] ?? 0) * (vectors[3] ?? 0)).toBeLessThan(0);
  expect(Array.from(symmetricEigen(Float64Array.of(-3), 1, 1).values)).toEqual([-3]);
});

// Sizes even and odd: rows are taken in twos.
test.each([5, 24, 37])("symmetricEigen: of a Gram matrix of size %i, the singular values squared", (n) => {
  const random = rng({ seed: n, stream: "test" });
  const data = Float64Array.from({ length: (n + 6) * n }, () => random.normal());
  const gram = new Float64Array(n * n);
  for (let r = 0; r < n + 6; r++) {
    for (let i = 0; i < n * n; i++) {
      gram[i] = (gram[i] ?? 0) + (data[r * n + Math.floor(i / n)] ?? 0) * (data[r * n + (i % n)] ?? 0);
    }
  }
  const original = gram.slice();
  const { values, vectors } = symmetricEigen(gram, n, 4);
  const expected = svd({ data, rows: n + 6, columns: n }).values;
  for (const [i, value] of values.entries()) expect(Math.sqrt(value)).toBeCloseTo(expected[i] ?? 0, 11);
  for (let k = 0; k < 4; k++) {
    for (let r = 0; r < n; r++) {
      let image = 0;
      for (let c = 0; c < n; c++) image += (original[r * n + c] ?? 0) * (vectors[k * n + c] ?? 0);
      expect(image).toBeCloseTo((values[k] ?? 0) * (vectors[k * n + r] ?? 0), 10);
    }
  }
});

test("symmetricEigen: equal values have orthonormal vectors; the zero matrix too", () => {
  const n = 30;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = i < 5 ? 2 : 1;
  for (const matrix of [a, new Float64Array(n * n)]) {
    const { vectors } = symmetricEigen(matrix, n, 8);
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) {
        let product = 0;
        for (let k = 0; k < n; k++) product += (vectors[i * n + k] ?? 0) * (vectors[j * n + k] ?? 0);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 13);
      }
    }
  }
});
