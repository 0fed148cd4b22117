// SPDX-License-Identifier: MIT
//
// echo_client.cc - echo_client.c in C++: connect, verify, say a word, print the answer.
//     echo_client_cc CA HOST PORT NAME WORD
#include <reprise/reprise.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace {

struct LoopFree {
    void operator()(rp_loop *loop) const
    {
        rp_loop_free(loop);
    }
};
struct SocketFree {
    void operator()(rp_socket *socket) const
    {
        rp_stream_unref(rp_socket_stream(socket));
    }
};

class Client {
  public:
    explicit Client(std::string word) : word_(std::move(word))
    {
    }

    int run(rp_loop *loop, const rp_connect_options &options)
    {
        rp_error error;
        std::unique_ptr<rp_socket, SocketFree> socket(rp_connect(loop, &options, &error));

        if (!socket) {
            std::cerr << error.code << ": " << error.message << "\n";
            return 1;
        }
        rp_stream_listen(rp_socket_stream(socket.get()), RP_EVENT_ALL, heard, this);
        rp_loop_run(loop);
        return failed_ ? 1 : 0;
    }

  private:
    // The library calls it: no exception may leave it.
    static void heard(const rp_event *event, void *arg) noexcept
    {
        static_cast<Client *>(arg)->on_event(*event);
    }

    void on_event(const rp_event &event)
    {
        auto *stream = static_cast<rp_stream *>(event.target);

        switch (event.type) {
        case RP_EV_SECURE_CONNECT: // the certificate was verified, and is for NAME
            rp_stream_write(stream, word_.data(), word_.size());
            rp_stream_end(stream);
            break;
        case RP_EV_DATA:
            std::cout.write(reinterpret_cast<const char *>(event.data.bytes),
                            static_cast<std::streamsize>(event.data.len));
            break;
        case RP_EV_ERROR:
            std::cerr << event.error.error->code << ": " << event.error.error->message << "\n";
            break;
        case RP_EV_CLOSE:
            failed_ = event.close.had_error;
            break;
        default:
            break;
        }
    }

    std::string word_;
    bool failed_ = true;
};

} // namespace

int main(int argc, char **argv)
{
    if (argc != 6) {
        std::cerr << "usage: echo_client_cc CA HOST PORT NAME WORD\n";
        return 2;
    }
    std::ifstream file(argv[1]);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    rp_pem ca{};
    ca.bytes = text.data();
    ca.len = text.size();
    rp_secure_context_options tls{};
    tls.ca = &ca;
    tls.ca_count = 1;
    rp_net_options net{};
    net.host = argv[2];
    net.port = static_cast<uint16_t>(std::stoul(argv[3]));
    rp_connect_options options{};
    options.context_options = &tls;
    options.net = &net;
    options.servername = argv[4];

    std::unique_ptr<rp_loop, LoopFree> loop(rp_loop_new(nullptr));
    return loop ? Client(argv[5]).run(loop.get(), options) : 1;
}
