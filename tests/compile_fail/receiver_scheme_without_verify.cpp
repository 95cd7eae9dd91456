// error: webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks .verify\(request, keys, now, tolerance\) const., which returns a Verification
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/serializer/json.hpp>

struct SealingWax {
  using role = webhook::role::signer;
  struct Key {};
  bool signs(std::string_view) const { return true; }
  Key prepare(const webhook::Secret&, std::string_view) const { return {}; }
  bool sign(const webhook::Signing&, std::span<Key>, webhook::Headers&) const { return true; }
};

int main() { webhook::Receiver<SealingWax> inbox{SealingWax{}, webhook::Secret{"wax"}}; }
