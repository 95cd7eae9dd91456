// error: no viable conversion|could not convert
#include <string>

#include <webhook/secret.hpp>

std::string leak(const webhook::Secret& secret) { return secret; }
