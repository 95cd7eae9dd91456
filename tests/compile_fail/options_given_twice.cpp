// error: webhook: two arguments of Dispatcher's constructor play the same part; the second would be ignored
#include <webhook/webhook.hpp>

int main() { webhook::Dispatcher<> hooks{webhook::Options{}, webhook::Options{}}; }
