export default {
  compilerOptions: { runes: true },
  // Svelte Flow is written for both modes; what node_modules says of itself stands.
  vitePlugin: { dynamicCompileOptions: ({ filename }) => (filename.includes('node_modules') ? { runes: undefined } : undefined) },
};
