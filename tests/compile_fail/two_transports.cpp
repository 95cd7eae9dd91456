// error: webhook: two arguments of Dispatcher's constructor play the same part; the second would be ignored
#include <webhook/webhook.hpp>

webhook::Response by_pigeon(const webhook::Request&);

int main() { webhook::Dispatcher hooks{webhook::CurlTransport{}, by_pigeon}; }
