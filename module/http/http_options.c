// SPDX-License-Identifier: GPL-2.0
#include "http/http_options.h"

const struct http_options http_options_default = HTTP_OPTIONS_DEFAULT;
