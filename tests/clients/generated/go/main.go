// The client of openapi-generator for Go: a token, a profile, a tier status, and a customer who is not there.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"trial/tessera"
)

func try[T any](value T, _ any, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	configuration := tessera.NewConfiguration()
	configuration.Servers = tessera.ServerConfigurations{{URL: os.Getenv("TESSERA")}}
	client := tessera.NewAPIClient(configuration)
	basic := tessera.BasicAuth{UserName: os.Getenv("CLIENT_ID"), Password: os.Getenv("CLIENT_SECRET")}
	asking := context.WithValue(context.Background(), tessera.ContextBasicAuth, basic)
	token := try(client.OAuthAPI.RequestToken(asking).GrantType("client_credentials").Execute())

	ctx := context.WithValue(context.Background(), tessera.ContextAccessToken, token.AccessToken)
	key, id := os.Getenv("API_KEY"), os.Getenv("CUSTOMER_ID")
	customer := try(client.CustomersAPI.GetCustomer(ctx, key, id).UserUserProfile(true).ShowIdentifiers(true).ExpandIncentives(true).Execute()).User
	asked := tessera.NewTierStatusRequest(os.Getenv("RETAILER_ID"), id)
	status := try(client.LoyaltyAPI.GetTierStatus(ctx).TierStatusRequest(*asked).Execute()).Payload

	_, _, err := client.CustomersAPI.GetCustomer(ctx, key, "00000000-0000-4000-8000-000000000000").Execute()
	var refused *tessera.GenericOpenAPIError
	if !errors.As(err, &refused) {
		panic(err)
	}
	said, err := json.Marshal(map[string]any{
		"token_type": token.TokenType,
		"customer":   customer.Id,
		"tier":       customer.GetTier(),
		"level":      status.TierLevels[0].TierOverview.Name,
		"code":       refused.Model().(tessera.PlatformError).Errors.Code,
	})
	fmt.Println(string(try(said, nil, err)))
}
