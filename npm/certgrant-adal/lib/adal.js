"use strict";

module.exports = require("certgrant/adal");
