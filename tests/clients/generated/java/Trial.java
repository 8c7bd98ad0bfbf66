// The client of openapi-generator for Java: a token, a profile, a tier status, and a customer who is not there.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpClient;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.CustomersApi;
import org.openapitools.client.api.LoyaltyApi;
import org.openapitools.client.api.OAuthApi;
import org.openapitools.client.model.PlatformError;
import org.openapitools.client.model.TierStatusRequest;

public class Trial {

    /** Over plain http the JDK's client offers HTTP/2 with every first request, which Tessera refuses. */
    static ApiClient client() {
        return new ApiClient().setHttpClientBuilder(HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1));
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> said = System.getenv();
        String pair = said.get("CLIENT_ID") + ":" + said.get("CLIENT_SECRET");
        ApiClient anybody = client();
        anybody.updateBaseUri(said.get("TESSERA"));
        String basic = "Basic " + Base64.getEncoder().encodeToString(pair.getBytes());
        anybody.setRequestInterceptor(request -> request.header("Authorization", basic));
        var token = new OAuthApi(anybody).requestToken("client_credentials", null, null, null, null);

        ApiClient client = client();
        client.updateBaseUri(said.get("TESSERA"));
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token.getAccessToken()));
        var customers = new CustomersApi(client);
        UUID id = UUID.fromString(said.get("CUSTOMER_ID"));
        var customer = customers.getCustomer(said.get("API_KEY"), id, true, true, true).getUser();
        var asked = new TierStatusRequest().retailerId(said.get("RETAILER_ID")).userId(id);
        var status = new LoyaltyApi(client).getTierStatus(asked).getPayload();
        String code = null;
        try {
            customers.getCustomer(said.get("API_KEY"), UUID.randomUUID(), null, null, null);
        } catch (ApiException refused) {
            if (refused.getCode() != 404) throw refused;
            code = client.getObjectMapper().readValue(refused.getResponseBody(), PlatformError.class).getErrors().getCode();
        }
        System.out.println(new ObjectMapper().writeValueAsString(Map.of(
            "token_type", token.getTokenType(),
            "customer", customer.getId().toString(),
            "tier", customer.getTier(),
            "level", status.getTierLevels().get(0).getTierOverview().getName(),
            "code", code)));
    }
}
