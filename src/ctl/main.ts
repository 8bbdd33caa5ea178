// React picks its build when it is loaded: the one for development leaks performance entries in a long-running UI.
process.env['NODE_ENV'] = 'production';
const { run } = await import('./run.js');
await run();
export {};
