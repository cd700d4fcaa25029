// Runs inside the workflow sandbox, where the SDK looks for custom payload and failure converters: there are none,
// so it takes its defaults.

export = {};
