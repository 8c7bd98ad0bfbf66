// The client of oapi-codegen: a token, a profile, a tier status, and a customer who is not there.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"trial/tessera"

	"github.com/google/uuid"
)

func try[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	base := os.Getenv("TESSERA")
	basic := func(_ context.Context, request *http.Request) error {
		request.SetBasicAuth(os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"))
		return nil
	}
	anybody := try(tessera.NewClientWithResponses(base))
	form := tessera.TokenRequest{GrantType: tessera.ClientCredentials}
	token := try(anybody.RequestTokenWithFormdataBodyWithResponse(ctx, form, basic)).JSON200

	bearer := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token.AccessToken)
		return nil
	}
	client := try(tessera.NewClientWithResponses(base, tessera.WithRequestEditorFn(bearer)))
	id := uuid.MustParse(os.Getenv("CUSTOMER_ID"))
	yes := true
	params := &tessera.GetCustomerParams{UserUserProfile: &yes, ShowIdentifiers: &yes, ExpandIncentives: &yes}
	customer := try(client.GetCustomerWithResponse(ctx, os.Getenv("API_KEY"), id, params)).JSON200.User
	asked := tessera.TierStatusRequest{RetailerId: os.Getenv("RETAILER_ID"), UserId: id}
	status := try(client.GetTierStatusWithResponse(ctx, asked)).JSON200.Payload
	refused := try(client.GetCustomerWithResponse(ctx, os.Getenv("API_KEY"), uuid.New(), nil)).JSON404

	said := map[string]any{
		"token_type": token.TokenType,
		"customer":   customer.Id.String(),
		"tier":       *customer.Tier,
		"level":      status.TierLevels[0].TierOverview.Name,
		"code":       refused.Errors.Code,
	}
	fmt.Println(string(try(json.Marshal(said))))
}
