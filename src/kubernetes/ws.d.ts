// Types that client-node's exec_auth.js mentions and does not bring (@types/ws). Nothing of them is used here.
declare module "ws" {
  export default class WebSocket {}
  export interface ClientOptions {}
}
