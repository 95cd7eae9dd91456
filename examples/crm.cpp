// SPDX-License-Identifier: MIT
// A contact form becomes a client profile and a notice. The website posts the form as browsers do; here it is
// received, read into a typed handler, and the client's registration emitted to two endpoints: the CRM, which makes a
// profile of it, and the office, which is told. All of them are real sockets of this machine.
#include <httplib.h>

#include <webhook/adapter/httplib.hpp>
#include <webhook/scheme/authentication.hpp>
#include <webhook/serializer/form.hpp>
#include <webhook/webhook.hpp>

#include <iostream>
#include <map>
#include <string>
#include <thread>

struct ContactForm {  // <input name="type" type="hidden" value="contact.submitted"> <input name="data[name]"> …
  std::string name{}, email{}, message{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ContactForm, name, email, message)
template <>
inline constexpr std::string_view webhook::event_type<ContactForm> = "contact.submitted";

struct ClientRegistered {
  std::string name{}, email{}, source{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ClientRegistered, name, email, source)
template <>
inline constexpr std::string_view webhook::event_type<ClientRegistered> = "client.registered";

int main() {
  httplib::Server server;
  const std::string host = "127.0.0.1";
  const int port = server.bind_to_any_port(host);
  if (port < 0) return 1;
  const std::string here = "http://" + host + ":" + std::to_string(port);

  webhook::Dispatcher hooks{webhook::CurlTransport{{.allow_http = true, .allow_loopback = true}}};
  const webhook::Endpoint crm = hooks.add({.url = here + "/crm", .events = {"client.*"}});
  const webhook::Endpoint office = hooks.add({.url = here + "/office", .events = {"client.registered"}});

  // The website proves itself by a token, and numbers its forms: whoever clicks twice is registered once.
  webhook::Receiver forms{webhook::BearerToken{}, webhook::Secret{"the-website's-token"}, webhook::FormSerializer{}};
  forms.on<ContactForm>([&](const ContactForm& form, const webhook::Event& event) {
    std::cout << event.type << ": " << form.name << " writes \"" << form.message << "\"\n";
    hooks.emit(ClientRegistered{form.name, form.email, "contact form"});  // never waits for the network
  });

  // Two other systems, each with the secret of its endpoint; what they did is looked at when the server has stopped.
  std::map<std::string, std::string> profiles;
  webhook::Receiver profiling{webhook::StandardWebhooks{}, crm.secrets.front()};
  profiling.on<ClientRegistered>([&](const ClientRegistered& client) { profiles[client.email] = client.name; });
  std::string mail;
  webhook::Receiver noticing{webhook::StandardWebhooks{}, office.secrets.front()};
  noticing.on<ClientRegistered>([&](const ClientRegistered& client) {
    mail += "A new client by " + client.source + ": " + client.name + " <" + client.email + ">\n";
  });

  server.Post("/forms", webhook::mount(forms));
  server.Post("/crm", webhook::mount(profiling));
  server.Post("/office", webhook::mount(noticing));
  server.set_keep_alive_timeout(1);  // seconds; stop() waits for it
  std::thread listening([&] { server.listen_after_bind(); });
  hooks.start();

  int accepted = 0, repeated = 0, stranger = 0;
  {
    const httplib::Params form{{"type", "contact.submitted"},
                               {"id", "form-1"},
                               {"data[name]", "Zoë Smith & Sons"},
                               {"data[email]", "zoe@example.com"},
                               {"data[message]", "Do you sell books?"}};
    httplib::Client website(host, port);
    const auto status = [](const httplib::Result& result) { return result ? result->status : 0; };
    const httplib::Headers token{{"Authorization", "Bearer the-website's-token"}};
    accepted = status(website.Post("/forms", token, form));
    repeated = status(website.Post("/forms", token, form));
    stranger = status(website.Post("/forms", form));
  }
  hooks.stop(std::chrono::seconds{10});  // deliver what is due, then end
  const std::uint64_t delivered = hooks.counters().delivered;
  server.stop();
  listening.join();

  std::cout << mail;
  return accepted == 204 && repeated == 200 && (stranger == 400 || stranger == 401) && delivered == 2 &&
                 profiles == std::map<std::string, std::string>{{"zoe@example.com", "Zoë Smith & Sons"}} &&
                 mail == "A new client by contact form: Zoë Smith & Sons <zoe@example.com>\n"
             ? 0
             : 1;
}
