"use strict";

// The one file within adal-node that Microsoft's own documentation imports.
module.exports = require("certgrant/adal").MemoryCache;
