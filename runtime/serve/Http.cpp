#include "runtime/serve/Http.h"
#include "runtime/Error.h"
#include "runtime/Memory.h"

#include <cerrno>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace heddle::serve {

using runtime::fail;

bool Exchange::isPost() const {
  return evhttp_request_get_command(request) == EVHTTP_REQ_POST;
}

std::string_view Exchange::header(const char *name) const {
  const char *value =
      evhttp_find_header(evhttp_request_get_input_headers(request), name);
  return value ? value : "";
}

bool Exchange::readBody(text::Text &body) {
  evbuffer *buffer = evhttp_request_get_input_buffer(request);
  size_t bytes = evbuffer_get_length(buffer);
  return body.resize(bytes) && evbuffer_remove(buffer, body.data(), bytes) >= 0;
}

void Exchange::addHeader(const char *name, const char *value) {
  evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

/// The connection lives on, and knows of this exchange no more.
void Exchange::forgetConnection() {
  if (hangUp)
    event_free(hangUp);
  hangUp = nullptr;
  if (evhttp_connection *connection = evhttp_request_get_connection(request))
    evhttp_connection_set_closecb(connection, nullptr, nullptr);
}

void Exchange::destroySelf() { runtime::destroy(this); }

void Exchange::reply(int code, const char *contentType, std::string_view body) {
  forgetConnection();
  addHeader("Content-Type", contentType);
  evbuffer *buffer = evbuffer_new();
  if (buffer)
    evbuffer_add(buffer, body.data(), body.size());
  evhttp_send_reply(request, code, nullptr, buffer);
  if (buffer)
    evbuffer_free(buffer);
  destroySelf();
}

void Exchange::begin(const char *contentType) {
  addHeader("Content-Type", contentType);
  addHeader("Cache-Control", "no-cache");
  evhttp_send_reply_start(request, HTTP_OK, nullptr);
}

void Exchange::send(std::string_view piece) {
  evbuffer *buffer = evbuffer_new();
  if (!buffer)
    return;
  evbuffer_add(buffer, piece.data(), piece.size());
  evhttp_send_reply_chunk(request, buffer);
  evbuffer_free(buffer);
}

void Exchange::end() {
  forgetConnection();
  evhttp_send_reply_end(request);
  destroySelf();
}

//===-- Clients that go away --===//

void Exchange::watch(void (*callback)(void *), void *user) {
  gone = callback;
  goneUser = user;
  evhttp_connection *connection = evhttp_request_get_connection(request);
  evhttp_connection_set_closecb(connection, onClosed, this);
  // libevent does not read while a reply is being made, so it would notice only
  // when it writes.
  bufferevent *stream = evhttp_connection_get_bufferevent(connection);
  hangUp = event_new(evhttp_connection_get_base(connection),
                     bufferevent_getfd(stream), EV_CLOSED, onHungUp, this);
  if (hangUp)
    event_add(hangUp, nullptr);
}

/// libevent has found the connection closed, and left the request to us; or it
/// closes all that there are, with their requests.
void Exchange::onClosed(evhttp_connection *, void *self) {
  auto &exchange = *static_cast<Exchange *>(self);
  if (exchange.hangUp)
    event_free(exchange.hangUp);
  exchange.gone(exchange.goneUser);
  // Without a connection it does no more than to free the request.
  if (!evhttp_request_get_connection(exchange.request))
    evhttp_send_reply_end(exchange.request);
  exchange.destroySelf();
}

/// The connection and its request are libevent's to free.
void Exchange::onHungUp(int, short, void *self) {
  auto &exchange = *static_cast<Exchange *>(self);
  evhttp_connection *connection =
      evhttp_request_get_connection(exchange.request);
  exchange.forgetConnection();
  exchange.gone(exchange.goneUser);
  exchange.destroySelf();
  evhttp_connection_free(connection);
}

//===-- The server --===//

void HttpServer::free() {
  if (http)
    evhttp_free(http);
  http = nullptr;
}

void HttpServer::onRequest(evhttp_request *request, void *self) {
  auto &server = *static_cast<HttpServer *>(self);
  auto *exchange = runtime::create<Exchange>(request);
  if (!exchange)
    return evhttp_send_error(request, HTTP_SERVUNAVAIL, nullptr);
  const evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
  const char *path = uri ? evhttp_uri_get_path(uri) : nullptr;
  exchange->requestPath.append(path ? path : "");
  server.handler(server.user, *exchange);
}

heddle_status HttpServer::open(event_base *base, const char *host, int32_t port,
                               const HttpLimits &limits, Handler handle,
                               void *handleUser) {
  handler = handle;
  user = handleUser;
  http = evhttp_new(base);
  if (!http)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to serve");
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
                                       EVHTTP_REQ_POST);
  evhttp_set_max_body_size(http, limits.bodyBytes);
  evhttp_set_max_headers_size(http, 16 << 10);
  evhttp_set_timeout(http, limits.seconds);
  evhttp_set_gencb(http, onRequest, this);
  socket =
      evhttp_bind_socket_with_handle(http, host, static_cast<uint16_t>(port));
  if (!socket)
    return fail(HEDDLE_BAD_ARGUMENT, "cannot listen on port %d of %s: %s", port,
                host, strerror(errno));
  return HEDDLE_OK;
}

int32_t HttpServer::port() const {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(evhttp_bound_socket_get_fd(socket),
                  reinterpret_cast<sockaddr *>(&address), &length))
    return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<sockaddr_in6 &>(address).sin6_port
                   : reinterpret_cast<sockaddr_in &>(address).sin_port);
}

void HttpServer::close() {
  if (socket)
    evhttp_del_accept_socket(http, socket);
  socket = nullptr;
}

} // namespace heddle::serve
