"use strict";

module.exports = require("../dist/adal.cjs");
