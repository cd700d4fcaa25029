// Activities that do nothing: what is measured is everything around them.
exports.nothing = async () => {};
exports.buildPart = async ({ name }) => ({ success: true, artifact: `${name}.tgz` });
