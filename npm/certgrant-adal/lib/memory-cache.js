"use strict";

// The one file within adal-node that Microsoft's own documentation imports.
module.exports = require("../dist/adal.cjs").MemoryCache;
