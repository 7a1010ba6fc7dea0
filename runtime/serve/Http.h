// HTTP over libevent: what comes in, and replies, whole or as a stream.
//
// All of it belongs to the thread that runs the loop.
#ifndef HEDDLE_RUNTIME_SERVE_HTTP_H
#define HEDDLE_RUNTIME_SERVE_HTTP_H

#include "runtime/heddle.h"
#include "runtime/text/Buffer.h"

#include <string_view>

struct event;
struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evhttp_request;

namespace heddle::serve {

/// One request and its reply.
class Exchange {
public:
  explicit Exchange(evhttp_request *request) : request(request) {}
  Exchange(const Exchange &) = delete;
  Exchange &operator=(const Exchange &) = delete;

  std::string_view path() const { return requestPath.view(); }
  bool isPost() const;
  /// "" if there is none.
  std::string_view header(const char *name) const;
  /// Reads the body. False if there is no memory.
  bool readBody(text::Text &body);

  /// Replies, which is the last thing that may be done with the exchange.
  void reply(int code, const char *contentType, std::string_view body);
  void addHeader(const char *name, const char *value);

  /// A reply in pieces; the last thing is end().
  void begin(const char *contentType);
  void send(std::string_view piece);
  void end();

  /// Who is to know that the client has gone, in which case nothing more may be
  /// done with the exchange.
  void watch(void (*gone)(void *user), void *user);

private:
  friend class HttpServer;
  static void onClosed(evhttp_connection *, void *exchange);
  static void onHungUp(int, short, void *exchange);
  void forgetConnection();
  void destroySelf();

  evhttp_request *request;
  text::Text requestPath;
  event *hangUp = nullptr;
  void (*gone)(void *) = nullptr;
  void *goneUser = nullptr;
};

struct HttpLimits {
  int64_t bodyBytes = 0;
  int32_t seconds = 0; // that a client may take to send or to receive more
};

class HttpServer {
public:
  using Handler = void (*)(void *user, Exchange &exchange);

  HttpServer() = default;
  HttpServer(const HttpServer &) = delete;
  HttpServer &operator=(const HttpServer &) = delete;
  ~HttpServer() { free(); }
  /// Before the base that it was opened with.
  void free();

  /// Listens; port 0 takes one that is free.
  heddle_status open(event_base *base, const char *host, int32_t port,
                     const HttpLimits &limits, Handler handler, void *user);
  int32_t port() const;
  /// Takes no more connections.
  void close();

private:
  static void onRequest(evhttp_request *request, void *server);

  evhttp *http = nullptr;
  evhttp_bound_socket *socket = nullptr;
  Handler handler = nullptr;
  void *user = nullptr;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_HTTP_H
