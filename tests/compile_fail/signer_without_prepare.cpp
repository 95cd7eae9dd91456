// error: webhook: Dispatcher's signer \(3rd argument\) does not satisfy webhook::SignerPolicy: it lacks .prepare\(secret, scheme\) const., which returns a Key
#include <webhook/webhook.hpp>

struct SealingWax {
  using role = webhook::role::signer;
  struct Key {};
  bool signs(std::string_view) const { return true; }
  bool sign(const webhook::Signing&, std::span<Key>, webhook::Headers&) const { return true; }
};

int main() { webhook::Dispatcher<webhook::CurlTransport, webhook::JsonSerializer, SealingWax> hooks; }
