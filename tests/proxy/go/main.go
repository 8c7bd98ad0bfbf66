// A reverse proxy of Go's standard library, as people write it: all callers share one connection to the server behind.
//
// Called with its own port, the port behind, the address from which it comes to the server there, and the query of
// requests that it refuses.
package main

import (
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

func main() {
	port, behind, source, refused := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:" + behind}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target)
			request.Out.Host = request.In.Host
			for _, name := range []string{"Client-Cert", "Client-Cert-Chain", "Forwarded", "X-Forwarded-For"} {
				request.Out.Header.Del(name)
			}
			request.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext:           dialer.DialContext,
			DisableCompression:    true,
			MaxConnsPerHost:       1,
			MaxIdleConnsPerHost:   1,
			ResponseHeaderTimeout: 5 * time.Second,
			ExpectContinueTimeout: time.Second,
		},
	}
	handler := http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.RawQuery == refused {
			http.Error(answer, "refused", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(answer, request)
	})
	server := &http.Server{Addr: "127.0.0.1:" + port, Handler: handler, ReadTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
