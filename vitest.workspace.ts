/** The only list of test projects: one named project per package that has tests. */
const packages = ["router", "node", "upbit", "sim", "cli", "bench", "proof"];

export default packages.map((name) => ({
  extends: true as const,
  test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"] },
}));
