// golang.org/x/oauth2 as it is published: the client credentials grant, and a client that sends the token by itself.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	style := map[string]oauth2.AuthStyle{
		"basic":  oauth2.AuthStyleInHeader,
		"body":   oauth2.AuthStyleInParams,
		"unsaid": oauth2.AuthStyleAutoDetect,
	}[os.Getenv("STYLE")]
	partner := clientcredentials.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		TokenURL:     os.Getenv("TESSERA") + "/oauth/token",
		Scopes:       []string{"openid"},
		AuthStyle:    style,
	}
	told := map[string]any{}
	token, err := partner.Token(context.Background())
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		told["error"] = refused.ErrorCode
	} else if err != nil {
		fail(err)
	} else {
		answer, err := partner.Client(context.Background()).Get(os.Getenv("PROFILE"))
		if err != nil {
			fail(err)
		}
		told["status"] = answer.StatusCode
		told["type"] = token.Type()
		told["valid"] = token.Valid()
		told["scope"] = token.Extra("scope")
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
